//! Stripe's description of its API as data: what each operation takes and each object has.
//!
//! `operations.txt` and `objects.txt` have a line for each: `METHOD /path -> answer field=type …`
//! and `object field=type …`. A field that ends in `!` is required, or always present; one that
//! ends in `?` can be null, or unset by an empty value. Types, with `;` between alternatives:
//!
//! | type | meaning |
//! |---|---|
//! | `string`, `string<500` | a string, at most 500 characters long |
//! | `integer`, `number`, `boolean`, `object`, `any` | what they say |
//! | `decimal` | a number in a string |
//! | `(a\|b)`, `(@name)` | one of these words; a list of words that is used in several places |
//! | `{name}` | a group: a line `{name} field=type …` of the same file |
//! | `[]type`, `*type` | an array; a map with free keys (alternatives have `,` between them) |
//! | `id:a\|b`, `:a\|b`, `list:a` | an id that expands to an object; an object; a list of objects |

pub mod boolean;
pub mod bound;
pub mod check;
pub mod field;
pub mod shape;
pub mod table;
pub mod typed;
