//! What is written: every kind of file in a module, the loader and the catalog.
