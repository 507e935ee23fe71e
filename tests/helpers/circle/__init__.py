"""A made-up kind of data: points on a circle, stored as angles. One small file a stage."""
