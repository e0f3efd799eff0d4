"""What a person asks for: typed input to typed result."""
