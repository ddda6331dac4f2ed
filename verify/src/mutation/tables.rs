//! The tables of sites and of mutants.

use super::{
    equivalents::excuse,
    fates::Fate,
    operators::operators,
    sites::{Place, Sites},
};
use crate::{
    hook::SiteCoverage,
    report::{
        label,
        labels::{self, Site},
        pages::{Table, row},
        tables::{self, MUTANTS},
    },
};

/// How a mutant died, or why it may live. The next run may find another killer.
fn fate(fate: &Fate) -> String {
    match (&fate.killer, excuse(fate.mutant)) {
        (Some((entry, execution, how)), _) => {
            let how = how.lines().next().unwrap_or_default();
            let how: String = how.chars().take(60).collect::<String>().replace('|', "/");
            format!("{} [{}], execution {execution}: {how}", entry.case.name, entry.case.config)
        }
        (None, Some(reason)) => format!("equivalent: {reason}"),
        (None, None) => "**survives**".to_owned(),
    }
}

/// The label, the words and the operator of a mutant.
fn key(fate: &Fate) -> [String; 3] {
    let words = Vec::from_iter(fate.words.iter().copied()).join(", ");
    [label(fate.mutant.site), words, format!("{:?}", fate.mutant.operator)]
}

/// Adds the mutants to the report.
pub fn add_to_report(fates: &[Fate]) {
    for one in fates {
        let [label, words, operator] = key(one);
        tables::add(&MUTANTS, &[&label, &words, &operator, &fate(one)]);
    }
}

/// The mutants and their killers, as a page.
pub fn mutants_table(fates: &[Fate]) -> Table {
    let row = |one: &Fate| {
        let [label, words, operator] = key(one);
        (row(&[&label, &words, &operator]), format!(" {} |", fate(one)))
    };
    let mut fates: Vec<_> = fates.iter().collect();
    fates.sort_by_key(|fate| position(&label(fate.mutant.site)));
    let rows = fates.into_iter().map(row).collect();
    let title = "Mutants, and what killed them";
    Table { name: "mutants", title, head: "| label | word | mutation | fate |", rows }
}

/// The place of a label in the table of labels; unknown labels come last.
fn position(label: &str) -> usize {
    labels::rows().iter().position(|row| row.label == label).unwrap_or(usize::MAX)
}

/// The sites, as a table.
pub fn sites_table(sites: &Sites) -> Table {
    let row = |(&(site, kind), seen): (&Place, &SiteCoverage)| {
        let (words, kind_text) = (Vec::from_iter(seen.names.iter().copied()).join(", "), format!("{kind:?}"));
        let order = seen.order.map_or(String::new(), |order| format!("{order:?}"));
        let count = operators(kind, seen.order).len();
        let Some(Site { label, place }) = labels::at(site.file, site.line) else { panic!("{site} has no label") };
        let path = site.file;
        let cells = row(&[&label, &format!("[`{place}`](../../{path})"), &words, &kind_text, &order, &count]);
        (position(&label), (cells, String::new()))
    };
    let mut rows: Vec<_> = sites.seen.iter().map(row).collect();
    rows.sort();
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Table {
        name: "sites",
        title: "Sites: operations that other participants see",
        head: "| label | site | word | kind | ordering | mutants |",
        rows,
    }
}
