"""Rules of classes, tuned while their labels follow."""
