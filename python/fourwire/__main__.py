"""`python -m fourwire` is the command `fourwire`."""

from fourwire.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
