"""The exchange: reads each event once, delivers one copy to each entitled recipient, records each disclosure."""
