"""What a scan came to, for people who decide: one HTML file of figures and of the ink that is most doubtful."""
