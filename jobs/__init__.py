"""Background work: drain deliveries, push customer states, run the schedule."""
