"""Files of usage: each row once, however often they are sent."""
