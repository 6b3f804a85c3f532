"""The web application that review runs in: the only room that knows a web framework."""
