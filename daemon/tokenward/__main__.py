"""``python -m tokenward``: the command line, where the script is not on the path."""

from tokenward.cli.main import main

if __name__ == "__main__":
    main()
