//! Ids as Stripe writes them, derived from a seed and a counter so that a run can be repeated.

use sha2::{Digest, Sha256};

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The `counter`th id of a seed.
pub fn make(prefix: &str, seed: &str, counter: u64) -> String {
    let mut hash = Sha256::new();
    hash.update(seed.as_bytes());
    hash.update(counter.to_be_bytes());
    let mut id = String::with_capacity(prefix.len() + 24);
    id.push_str(prefix);
    for byte in &hash.finalize()[..24] {
        id.push(char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    }
    id
}

/// A random seed.
pub fn random_seed() -> String {
    let bytes: [u8; 16] = rand::random();
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_repeat_with_their_seed_and_only_then() {
        assert_eq!(super::make("ch_", "a", 1), super::make("ch_", "a", 1));
        assert_ne!(super::make("ch_", "a", 1), super::make("ch_", "a", 2));
        assert_ne!(super::make("ch_", "a", 1), super::make("ch_", "b", 1));
        assert_eq!(super::make("ch_", "a", 1).len(), 27);
    }
}
