"""Turns data and a recipe into an adapter, with honest numbers."""
