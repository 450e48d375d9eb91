//! Forms: rendering, signature, submission, validation and the write.
