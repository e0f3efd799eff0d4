"""What outlives a visit to the page: ratings now, queued work later."""
