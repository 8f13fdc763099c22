"""What follows from a dual loss: learning-theoretic statements about its oscillations."""
