//! Figures: exact on both databases, whatever is asked.

mod journeys;
