"""What the evaluations of several tasks share: which labels are taken for which, and which data a model knows."""
