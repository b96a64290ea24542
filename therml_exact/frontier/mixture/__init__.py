"""One mixture's likelihood: both sides of its optimum, and the certificate between them."""
