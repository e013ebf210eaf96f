"""How speech sounds after a bad network: fourwire beside every engine that can be had."""
