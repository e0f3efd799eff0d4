"""Starts the xmodal web page: `python app.py`; see `python app.py --help`."""

import sys

from xmodal.ui.launch import main

if __name__ == "__main__":
    sys.exit(main())
