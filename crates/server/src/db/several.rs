//! Statements about several rows that are named one by one: there are no arrays on both databases.

/// What stands between the parentheses of `in (...)`: as many parameters, from this number on. Of
/// nothing there is nothing.
pub(super) fn places(first: usize, count: usize) -> String {
    if count == 0 {
        return "null".to_owned();
    }
    let places: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn places_are_numbered() {
        assert_eq!(places(3, 2), "$3, $4");
        assert_eq!(places(1, 0), "null");
    }
}
