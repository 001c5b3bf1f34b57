//! The vocabulary of the configuration language.
