//! What the environment says.

use super::check::{Complaint, nearest};
use super::layers::Environment;
use super::options::Options;

/// Reads `MANTLE_` + the key path in capitals with `__` between levels. Models have no variables.
pub(super) fn options(environment: &Environment, complaints: &mut Vec<Complaint>) -> Options {
    const KNOWN: [&str; 8] = [
        "MANTLE_MARGIN__TARGET",
        "MANTLE_MARGIN__SEAT_PRICE",
        "MANTLE_PRIVACY__REGIONS",
        "MANTLE_INHOUSE__ENABLED",
        "MANTLE_ROUTING__PIN",
        "MANTLE_LOG__LEVEL",
        "MANTLE_INDEX__MAX_MEMORY_MB",
        "MANTLE_INDEX__DEPENDENCIES",
    ];
    for name in environment
        .0
        .keys()
        .filter(|name| name.starts_with("MANTLE_") && name.contains("__"))
    {
        if !KNOWN.contains(&name.as_str()) {
            complaints.push(Complaint {
                place: "environment".to_owned(),
                line: None,
                message: format!("unknown variable `{name}`"),
                hint: nearest(name, KNOWN).map(|known| format!("did you mean `{known}`?")),
            });
        }
    }
    let mut bad = |name: &str, value: &str, want: &str| {
        complaints.push(Complaint {
            place: "environment".to_owned(),
            line: None,
            message: format!("`{name}` is `{value}`"),
            hint: Some(format!("it takes {want}")),
        });
    };
    let mut options = Options::default();
    if let Some(value) = environment.get(KNOWN[0]) {
        match value.parse() {
            Ok(target) => options.margin.target = Some(target),
            Err(_) => bad(KNOWN[0], value, "a fraction such as 0.80"),
        }
    }
    options.margin.seat_price = environment.get(KNOWN[1]).map(str::to_owned);
    options.privacy.regions = environment.get(KNOWN[2]).map(|list| {
        list.split(',')
            .map(|region| region.trim().to_owned())
            .collect()
    });
    let mut switch = |name: &str| match environment.get(name)? {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        value => {
            bad(name, value, "true or false");
            None
        }
    };
    options.inhouse.enabled = switch(KNOWN[3]);
    options.index.dependencies = switch(KNOWN[7]);
    options.routing.pin = environment.get(KNOWN[4]).map(str::to_owned);
    options.log.level = environment.get(KNOWN[5]).map(str::to_owned);
    if let Some(value) = environment.get(KNOWN[6]) {
        match value.parse() {
            Ok(megabytes) => options.index.max_memory_mb = Some(megabytes),
            Err(_) => bad(KNOWN[6], value, "a number of MiB such as 256"),
        }
    }
    options
}
