"""Records, recommendation and costs on one page."""
