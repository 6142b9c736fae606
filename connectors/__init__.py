"""One folder per platform. The contract they implement is `connectors.base`."""
