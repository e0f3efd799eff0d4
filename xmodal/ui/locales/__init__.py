"""What the page says, one module a language; every module has the same keys (a test checks it)."""
