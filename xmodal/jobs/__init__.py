"""What outlives a visit to the page: queued training, runs, ratings."""
