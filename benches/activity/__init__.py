"""Whether a caller speaks: how soon that is known, and what is taken for speech that is none."""
