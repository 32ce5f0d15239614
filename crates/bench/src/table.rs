//! Figures in rows, and the arithmetic on them.

/// The middle one of several measurements.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The figure below which the given part (0 to 1) of the sorted `figures` lies.
pub(crate) fn percentile(figures: &[f64], part: f64) -> f64 {
    let last = figures.len().saturating_sub(1);
    // The index is a place in a list of thousands.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let index = (last as f64 * part).round() as usize;
    figures.get(index).copied().unwrap_or(f64::NAN)
}

/// Prints a heading and its columns.
pub(crate) fn heading(title: &str, columns: &[&str]) {
    println!("\n{title}");
    print!("{:<28}", "");
    for column in columns {
        print!("{column:>16}");
    }
    println!();
}

/// Prints a row of figures.
pub(crate) fn row(name: &str, cells: &[String]) {
    print!("{name:<28}");
    for cell in cells {
        print!("{cell:>16}");
    }
    println!();
}
