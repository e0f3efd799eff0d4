"""One module for each family of models that can be trained."""
