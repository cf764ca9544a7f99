//! Outputs of any bytes, looked through for secrets: in one piece, in many, and as whatever archive they are.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::scan::Scan;
use zwieback_model::secrets::search_budget::SearchBudget;
use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::search::Search;

fn filter() -> &'static Filter {
    static FILTER: OnceLock<Filter> = OnceLock::new();
    FILTER.get_or_init(Filter::new)
}

fuzz_target!(|bytes: &[u8]| {
    let whole = Scan::of(filter(), ".env", bytes, &SearchBudget::default());
    let budget = SearchBudget::new(16 << 20);
    let mut pieces = Scan::new(filter(), ".env", &budget);
    let size = bytes.first().map_or(1, |first| usize::from(*first) + 1);
    bytes.chunks(size).for_each(|piece| pieces.feed(piece));
    assert_eq!(pieces.finish(), whole, "the pieces that bytes come in do not matter");
    let mut search = Search::new(filter(), ExplainLimits::default(), &budget);
    search.content("output", &bytes).expect("bytes in memory can be read");
});
