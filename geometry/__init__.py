"""How the minimum moves: from a piecewise polynomial objective to its exact dual loss."""
