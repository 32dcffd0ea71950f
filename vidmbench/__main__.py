"""``python -m vidmbench`` is ``vidmbench``."""

from vidmbench.cli import main

if __name__ == "__main__":
    main()
