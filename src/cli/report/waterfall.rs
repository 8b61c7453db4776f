//! The margin from top to bottom as text: revenue, committed costs, calls, what is left; then what
//! a unit costs, what was saved, and what would change it.

use comfy_table::{CellAlignment, ColumnConstraint, Table};

use super::beyond::Section;
use super::layout::{UNKNOWN, count, points, push_table, table};
use crate::domain::{MicroUsd, Money};
use crate::ledger::margin::{Generation, Margin, PerUnit, PoolLine, Share};

/// Returns the sections of the margin, each with an empty line before it; what silence has missed stands
/// below what was saved.
pub(super) fn text(margin: &Margin, silence: Option<Section>, width: Option<u16>) -> String {
    let mut text = String::new();
    let mut section =
        |name: &str, rows: Vec<[String; 3]>| push_section(&mut text, name, rows, width);
    section("Waterfall", waterfall(margin));
    section("Unit costs", units(margin));
    section("What calls leave of a seat's revenue", seats(margin));
    let mut saved = savings(margin);
    if silence.is_none() {
        // It takes a reading of every decision, so it is not made unasked.
        saved.push([
            "by silence".to_owned(),
            UNKNOWN.to_owned(),
            "--frontier estimates it, and what silence missed".to_owned(),
        ]);
    }
    section("Saved, against what would have been paid", saved);
    if let Some(silence) = silence {
        silence.push(&mut text, width);
    }
    let mut section =
        |name: &str, rows: Vec<[String; 3]>| push_section(&mut text, name, rows, width);
    section("Make or buy", make_or_buy(margin));
    section("Concentration", concentration(margin));
    section("If", scenarios(margin));
    section(
        "Announced price changes, for the calls of this period",
        announced(margin),
    );
    if !margin.remarks.is_empty() {
        text.push_str("\nTo be read with this\n");
        for remark in &margin.remarks {
            text.push_str(&format!(" {remark}\n"));
        }
    }
    text
}

/// Adds a section with an empty line before it; one that has no rows is left out.
pub(super) fn push_section(
    text: &mut String,
    name: &str,
    rows: Vec<[String; 3]>,
    width: Option<u16>,
) {
    if rows.is_empty() {
        return;
    }
    text.push_str(&format!("\n{name}\n"));
    push_table(text, &rows_as_table(rows, width));
}

fn rows_as_table(rows: Vec<[String; 3]>, width: Option<u16>) -> Table {
    let mut table = table(width);
    for row in rows {
        table.add_row(row);
    }
    if let Some(figures) = table.column_mut(1) {
        figures.set_constraint(ColumnConstraint::ContentWidth);
        figures.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(name: impl Into<String>, amount: MicroUsd, remark: impl Into<String>) -> [String; 3] {
    [name.into(), dollars(amount), remark.into()]
}

fn waterfall(margin: &Margin) -> Vec<[String; 3]> {
    let mut rows = Vec::new();
    match &margin.earned {
        None => rows.push([
            "Revenue".to_owned(),
            UNKNOWN.to_owned(),
            "nothing says what was earned, so there is no margin".to_owned(),
        ]),
        Some(earned) => {
            let parts = [
                ("  seats", earned.seats),
                ("  overage", earned.overage),
                ("  prepaid, used", earned.prepaid),
                ("  prepaid, expired", earned.breakage),
                ("  credit notes", earned.credit_notes),
            ];
            let parts = parts
                .into_iter()
                .filter(|(_, amount)| *amount != MicroUsd::ZERO);
            rows.extend(parts.map(|(name, amount)| row(name, amount, "")));
            let deferred = match earned.deferred {
                MicroUsd::ZERO => String::new(),
                deferred => format!("{} more is paid and not earned", dollars(deferred)),
            };
            rows.push(row("Revenue", earned.net(), deferred));
        }
    }
    for pool in &margin.pools {
        rows.push(row(
            format!("  pool {}", pool.name),
            pool.total(),
            of_pool(pool),
        ));
    }
    for line in &margin.costs {
        rows.push(row(format!("  {}", line.name), line.cost, ""));
    }
    rows.push(row("Committed", margin.committed_cost(), ""));
    for line in margin
        .metered
        .iter()
        .filter(|line| line.total() != MicroUsd::ZERO)
    {
        let failed = match line.failed {
            MicroUsd::ZERO => String::new(),
            failed => format!(", {} of it failed", dollars(failed)),
        };
        let remark = format!("{} calls{failed}", count(line.calls));
        rows.push(row(format!("  {}", line.model), line.total(), remark));
    }
    for line in &margin.corrections {
        let remark = format!(
            "{} × {} of {} that was not reported",
            line.model,
            Money::format_pico(i128::from(line.factor_ppm) * 1_000_000, 6),
            dollars(line.assumed)
        );
        let name = format!("  correction by invoice {}", line.invoice);
        rows.push(row(name, line.extra, remark));
    }
    rows.push(row(
        "Controllable",
        margin.controllable_cost(),
        "calls that are paid one by one",
    ));
    rows.push(row("Cost", margin.cost(), ""));
    if let Some(profit) = margin.gross_profit() {
        rows.push(row("Gross profit", profit, percent(margin.margin_ppm())));
    }
    rows
}

fn of_pool(pool: &PoolLine) -> String {
    let busy = match (pool.utilisation_bp, pool.idle()) {
        (Some(bp), Some(idle)) => {
            format!(
                "{:.2} % busy, {} idle",
                f64::from(bp) / 100.0,
                dollars(idle)
            )
        }
        _ => "nobody has said how busy".to_owned(),
    };
    format!(
        "{}, {busy}, {} requests",
        pool.generation,
        count(pool.requests)
    )
}

fn units(margin: &Margin) -> Vec<[String; 3]> {
    let PerUnit {
        request,
        offered,
        accepted,
        retained,
        thousand_chars,
    } = margin.units.loaded;
    let metered = &margin.units.metered;
    let mut rows = vec![[
        "".to_owned(),
        "fully loaded".to_owned(),
        "metered only".to_owned(),
    ]];
    for (name, loaded, metered) in [
        ("per request", request, metered.request),
        ("per offered suggestion", offered, metered.offered),
        ("per accepted suggestion", accepted, metered.accepted),
        ("per retained suggestion", retained, metered.retained),
        (
            "per 1,000 retained characters",
            thousand_chars,
            metered.thousand_chars,
        ),
    ] {
        rows.push([name.to_owned(), nano(loaded), nano(metered)]);
    }
    rows.push([
        "per call, without hosting".to_owned(),
        nano(margin.units.call),
        String::new(),
    ]);
    if let Some(seat) = margin.units.seat {
        let remark = format!(
            "cost {}, {} is left",
            dollars(seat.cost),
            dollars(seat.contribution())
        );
        rows.push(row("revenue per seat", seat.revenue, remark));
    }
    rows
}

fn seats(margin: &Margin) -> Vec<[String; 3]> {
    let Some(seats) = &margin.seats else {
        return Vec::new();
    };
    let below = format!("of {} seats cost more than they bring", count(seats.seats));
    vec![
        row("dearer than half", seats.p50, ""),
        row("dearer than 90 in 100", seats.p90, ""),
        row("dearer than 99 in 100", seats.p99, ""),
        [
            "below zero".to_owned(),
            percent(Some(seats.below_zero_ppm)),
            below,
        ],
    ]
}

fn savings(margin: &Margin) -> Vec<[String; 3]> {
    let savings = &margin.savings;
    let against = |what: &str, loaded: Option<MicroUsd>| match loaded {
        None => what.to_owned(),
        Some(loaded) => format!("{what}; {} with the pools", dollars(loaded)),
    };
    let mut rows = Vec::new();
    if let Some(saved) = savings.prompt_cache {
        let what = "against all input at its price without a cache";
        rows.push(row("by prompt caches", saved, what));
    }
    if let Some(saved) = savings.answer_cache {
        rows.push(row(
            "by answers we had",
            saved,
            against(
                "against a call for each, at the mean cost of one",
                savings.answer_cache_loaded,
            ),
        ));
    }
    if let Some(saved) = savings.suppression {
        rows.push(row(
            "by suppression",
            saved,
            against(
                "against a call for each, at the mean cost of one",
                savings.suppression_loaded,
            ),
        ));
    }
    if let Some(routing) = &savings.routing {
        let what = format!("against every call on {}, without the pools", routing.model);
        rows.push(row("by routing", routing.saved, what));
    }
    rows.push(row("spent on closed calls", savings.cancelled, ""));
    rows.push(row("spent on failed calls", savings.failed, ""));
    rows
}

fn make_or_buy(margin: &Margin) -> Vec<[String; 3]> {
    let Some(choice) = &margin.make_or_buy else {
        return Vec::new();
    };
    let dearer = choice.premium();
    let verdict = match dearer > MicroUsd::ZERO {
        true => row("made is dearer by", dearer, ""),
        false => row("made is cheaper by", MicroUsd::ZERO - dearer, ""),
    };
    let requests = |break_even: Option<i128>| {
        let break_even = break_even.and_then(|n| u64::try_from(n).ok());
        break_even.map_or_else(|| UNKNOWN.to_owned(), count)
    };
    let of_generation = |part: &Generation| {
        let idle = part.idle.map_or_else(
            || "nobody has said how busy all of it was".to_owned(),
            |idle| format!("{} of it idle", dollars(idle)),
        );
        let remark = format!(
            "{idle}, {} requests, {} bought, break-even at {}",
            count(part.requests),
            dollars(part.bought),
            requests(part.break_even_requests)
        );
        row(format!("  on {}", part.generation), part.made, remark)
    };
    let mut rows = vec![row(
        "made",
        choice.made,
        format!("{} requests on our pools", count(choice.requests)),
    )];
    rows.extend(choice.generations.iter().map(of_generation));
    rows.extend([
        row(
            "bought",
            choice.bought,
            format!("the same on {}", choice.model),
        ),
        verdict,
        [
            "break-even".to_owned(),
            requests(choice.break_even_requests),
            "requests".to_owned(),
        ],
    ]);
    rows
}

fn concentration(margin: &Margin) -> Vec<[String; 3]> {
    let found = &margin.concentration;
    let line = |prefix: &str, share: &Share, of: &str| {
        row(
            format!("{prefix}{}", share.name),
            MicroUsd::new(share.micro_usd),
            format!("{}{of}", percent(Some(share.ppm))),
        )
    };
    let suppliers = found.suppliers.iter().map(|share| line("", share, ""));
    let labs = found.by_lab.iter();
    let labs = labs.map(|share| line("models of ", share, " of metered spend"));
    let mut rows: Vec<[String; 3]> = suppliers.chain(labs).collect();
    for (name, index) in [
        ("index of spend", found.spend),
        ("index of metered spend", found.metered_spend),
        ("index of calls", found.calls),
        ("index of labs", found.labs),
    ] {
        if let Some(index) = index {
            rows.push([name.to_owned(), index.to_string(), "of 10000".to_owned()]);
        }
    }
    rows
}

fn scenarios(margin: &Margin) -> Vec<[String; 3]> {
    let scenarios = margin.scenarios.iter();
    let mut rows: Vec<_> = scenarios
        .map(|scenario| {
            let left = scenario
                .margin_ppm
                .map_or_else(String::new, |ppm| format!("{} is left", percent(Some(ppm))));
            row(&scenario.name, scenario.cost, left)
        })
        .collect();
    if let Some(risk) = &margin.at_risk {
        let left = format!(
            "{} is left, {} less: the margin at risk",
            percent(Some(risk.margin_ppm)),
            points(risk.at_risk_ppm, 2)
        );
        let name = format!("the dearest of twenty periods of such days ({})", risk.days);
        rows.push(row(name, risk.cost, left));
    }
    rows
}

fn announced(margin: &Margin) -> Vec<[String; 3]> {
    let changes = margin.announced.iter();
    changes
        .map(|change| {
            let on = change.on.to_utc().date();
            let left = change.margin_ppm.map_or_else(String::new, |ppm| {
                format!(", {} is left", percent(Some(ppm)))
            });
            row(
                format!("{on}  {}", change.price_id),
                change.extra,
                format!("more{left}"),
            )
        })
        .collect()
}

fn dollars(amount: MicroUsd) -> String {
    super::layout::dollars(Some(amount.to_string()))
}

pub(super) fn nano(nano: Option<i128>) -> String {
    super::layout::dollars(nano.map(|nano| Money::format_pico(nano.saturating_mul(1_000), 9)))
}

fn percent(ppm: Option<i128>) -> String {
    super::layout::percent(ppm.map(|ppm| ppm as f64 / 1e6), 4)
}
