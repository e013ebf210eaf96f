"""The goals of whole calls and of hostile input and load, measured and judged by one command."""
