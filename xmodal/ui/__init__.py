"""The web page. Only this folder and `app.py` import gradio.

Layout (`*_tab.py`, `header.py`) is apart from what happens on a click (`*_events.py`) and from how results are drawn
(`views.py`, `picture.py`). Importing any of it must not import torch: the page is up before that.
"""
