//! The PDF of a quote: one page of plain text.

use super::super::call::money;
use super::super::tx::{number, text};
use serde_json::Value;
use std::fmt::Write;

/// The file as text; it has nothing but ASCII, so that places in it can be counted.
pub fn of_quote(quote: &Value) -> String {
    let mut lines = vec![format!("Quote {}", quote["number"].as_str().unwrap_or("(draft)"))];
    for item in quote["_items"].as_array().into_iter().flatten() {
        let price = money(number(item, "amount_total"), text(item, "currency"));
        let what = item["description"].as_str().unwrap_or_default();
        lines.push(format!("{} x {what}: {price}", number(item, "quantity")));
    }
    lines.push(format!("Total: {}", money(number(quote, "amount_total"), text(quote, "currency"))));
    page(&lines)
}

fn page(lines: &[String]) -> String {
    let mut content = "BT /F1 12 Tf 50 780 Td 16 TL".to_owned();
    for line in lines {
        let plain = line.chars().map(|letter| match letter {
            '(' | ')' | '\\' => format!("\\{letter}"),
            ' '..='~' => letter.to_string(),
            _ => "?".to_owned(),
        });
        // Writing to memory cannot fail.
        let _ = write!(content, " ({}) Tj T*", plain.collect::<String>());
    }
    content += " ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", at + 1);
    }
    let start = file.len();
    let size = objects.len() + 1;
    let _ =
        write!(file, "{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_object_begins_where_the_table_says() {
        let quote = json!({"number": "QT-1", "amount_total": 500, "currency": "eur",
            "_items": [{"description": "Tea (green)", "amount_total": 500, "currency": "eur",
                "quantity": 1}]});
        let file = of_quote(&quote);
        assert!(file.is_ascii());
        assert!(file.contains(r"Tea \(green\)"));
        let table = file.split("xref\n0 6\n").nth(1).unwrap();
        for (at, line) in table.lines().skip(1).take(5).enumerate() {
            let place: usize = line[..10].parse().unwrap();
            assert!(file[place..].starts_with(&format!("{} 0 obj", at + 1)));
        }
    }
}
