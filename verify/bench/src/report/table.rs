//! The tables.

use crate::run::Results;

pub fn table(results: &Results) -> String {
    let mut s = String::new();
    for p in &results.participants {
        s += &format!("{:20}", p.name);
        for (w, series) in &p.series {
            s += &format!(" {w:?} {:?} {:?}", series.readings, series.failure);
        }
        s += "\n";
    }
    s
}
