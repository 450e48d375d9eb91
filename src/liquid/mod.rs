//! The Liquid engine: lexer, parser, values, renderer, filters and limits; knows nothing of the rest of the house.
