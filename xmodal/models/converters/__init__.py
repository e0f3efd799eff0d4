"""One module for each foreign weight format; its `convert(files, out)` writes a folder the libraries can load."""
