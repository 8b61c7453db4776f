//! `mantle budget`: what may be spent this month, what was, and where the month will end.
//!
//! Made for people and for cron: the exit code says how it stands. 0 it holds, 3 the target cannot
//! be met, 4 the month is expected to end above the ceiling, 5 the ceiling is reached.

pub(super) mod days;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::WrongUse;
use crate::domain::{Allowance, Money, Month, Ppm, Timestamp};
use crate::ledger::{Dimension, LedgerError, LedgerReader, MarginReport, ReportQuery};
use crate::routing::{Ceiling, Forecast, Infeasible, forecast};

/// What can be said after `mantle budget`.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct BudgetArgs {
    /// Gross margin to keep, as a fraction such as 0.80 [default: `margin.target`]
    #[arg(long, value_name = "SHARE")]
    pub target: Option<f64>,
    /// What a seat earns per month, in US dollars [default: `margin.seat_price`]
    #[arg(long, value_name = "USD")]
    pub seat_price: Option<Money>,
    /// How many seats [default: `margin.seats`, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub seats: Option<u32>,
    /// Costs of the month that are fixed already, beside those that are booked (`mantle pools`,
    /// `mantle revenue`), in US dollars
    #[arg(long, value_name = "USD", default_value = "0")]
    pub committed: Money,
    /// A budget of one's own for the month, in US dollars, where there is no revenue
    /// [default: `margin.own_budget`]
    #[arg(long, value_name = "USD", conflicts_with_all = ["target", "seat_price", "seats"])]
    pub own: Option<Money>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Where the ceiling comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Frame {
    /// From revenue and target.
    Margin { revenue: Money, target: Ppm },
    /// A budget of one's own.
    Own,
    /// There is none.
    Open,
}

/// How the month stands.
#[derive(Clone, Debug)]
struct Standing {
    month: Month,
    frame: Frame,
    committed: Money,
    ceiling: Option<Result<Ceiling, Infeasible>>,
    spent_pico: i128,
    unpriced_calls: u64,
    forecast: Option<Forecast>,
}

/// Prints how this month stands, and returns what cron wants to know.
///
/// # Errors
/// [`WrongUse`] for a target that is no share; otherwise what the ledger or `out` said.
pub async fn run(
    args: &BudgetArgs,
    ledger_path: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let month = Month::of(now);
    let query = ReportQuery {
        now,
        by: vec![Dimension::Day],
        seat_price: args.seat_price,
        seats: args.seats,
        is_brief: true,
        ..ReportQuery::new(month.begin, month.end)
    };
    let report = match read(ledger_path, &query).await {
        Ok(report) => report,
        Err(LedgerError::Missing { .. }) => MarginReport::empty(&query)?,
        Err(error) => return Err(error.into()),
    };
    let standing = Standing::of(args, month, &report, now)?;
    let text = if args.json {
        serde_json::to_string_pretty(&standing.json())? + "\n"
    } else {
        standing.text()
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("the budget could not be printed")?;
    Ok(ExitCode::from(standing.state().exit_code()))
}

async fn read(path: &Path, query: &ReportQuery) -> Result<MarginReport, LedgerError> {
    LedgerReader::open_read_only(path)
        .await?
        .margin_report(query)
        .await
}

/// What cron wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Within,
    Infeasible,
    AtRisk,
    Spent,
}

impl State {
    const fn exit_code(self) -> u8 {
        match self {
            Self::Within => 0,
            Self::Infeasible => 3,
            Self::AtRisk => 4,
            Self::Spent => 5,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Infeasible => "infeasible",
            Self::AtRisk => "at-risk",
            Self::Spent => "spent",
        }
    }
}

impl BudgetArgs {
    /// Takes from the configuration what the command line leaves open; a budget that it names is
    /// the only word.
    pub fn fill(&mut self, configured: &Allowance) {
        if self.own.is_some() {
            return;
        }
        self.target = self.target.or(configured.target.map(Ppm::fraction));
        self.seat_price = self.seat_price.or(configured.seat_price);
        self.seats = self.seats.or(configured.seats);
        self.own = configured.own;
    }
}

impl Standing {
    fn of(
        args: &BudgetArgs,
        month: Month,
        report: &MarginReport,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let target = args.target.map(|target| {
            Ppm::from_fraction(target).ok_or_else(|| {
                WrongUse(format!(
                    "a margin of {target} is no share; write a fraction below 1, such as 0.80"
                ))
            })
        });
        let target = target.transpose()?;
        let revenue = report
            .margin
            .earned
            .as_ref()
            .map(|earned| earned.net().to_money());
        // What is booked, and what the command line says beside it.
        let committed = args.committed + report.margin.committed_cost().to_money();
        let allowance = Allowance {
            target,
            seat_price: args.seat_price,
            seats: args.seats,
            own: args.own,
            per_thousand_chars: None,
        };
        let ceiling = Ceiling::of(&allowance, revenue, committed);
        let frame = match (revenue, target, args.own) {
            (Some(revenue), Some(target), _) => Frame::Margin { revenue, target },
            (.., Some(_)) => Frame::Own,
            (.., None) => Frame::Open,
        };
        let spent_pico = report.spent_pico();
        let lines = report.by.first().map_or(&[][..], |(_, lines)| lines);
        let (over, ahead) = days::split(month, lines, now);
        Ok(Self {
            month,
            frame,
            committed,
            ceiling,
            spent_pico,
            unpriced_calls: report.totals.unpriced_calls,
            forecast: forecast(spent_pico as f64, &over, ahead),
        })
    }

    fn state(&self) -> State {
        let ceiling = match self.ceiling {
            None => return State::Within,
            Some(Err(_)) => return State::Infeasible,
            Some(Ok(ceiling)) => i128::from(ceiling.get().pico_usd()),
        };
        if self.spent_pico >= ceiling {
            return State::Spent;
        }
        let is_at_risk = self
            .forecast
            .is_some_and(|forecast| forecast.expected > ceiling as f64);
        if is_at_risk {
            State::AtRisk
        } else {
            State::Within
        }
    }

    fn left_pico(&self) -> Option<i128> {
        let ceiling = self.ceiling.as_ref()?.as_ref().ok()?;
        Some((i128::from(ceiling.get().pico_usd()) - self.spent_pico).max(0))
    }

    fn json(&self) -> Value {
        let usd = |pico: i128| Money::format_pico(pico, 6);
        let money = |money: Money| usd(i128::from(money.pico_usd()));
        let (mode, revenue, target) = match self.frame {
            Frame::Margin { revenue, target } => {
                ("margin", Some(money(revenue)), Some(target.fraction()))
            }
            Frame::Own => ("own", None, None),
            Frame::Open => ("open", None, None),
        };
        let ceiling = self.ceiling.and_then(Result::ok);
        json!({
            "version": 1,
            "period": {"since": self.month.first_day(), "until": self.month.day_after()},
            "mode": mode,
            "state": self.state().as_str(),
            "revenue_usd": revenue,
            "target": target,
            "committed_usd": money(self.committed),
            "ceiling_usd": ceiling.map(|ceiling| money(ceiling.get())),
            "spent_usd": usd(self.spent_pico),
            "left_usd": self.left_pico().map(usd),
            "unpriced_calls": self.unpriced_calls,
            "forecast": self.forecast.map(|forecast| json!({
                "expected_usd": usd(forecast.expected as i128),
                "low_usd": usd(forecast.low as i128),
                "high_usd": usd(forecast.high as i128),
            })),
        })
    }

    fn text(&self) -> String {
        let usd = |pico: i128| format!("${}", Money::format_pico(pico, 2));
        let money = |money: Money| usd(i128::from(money.pico_usd()));
        let mut lines = vec![format!(
            "Budget of {} to {}, UTC",
            self.month.first_day(),
            self.month.day_after()
        )];
        let mut line = |name: &str, value: String| lines.push(format!("{name:<22}{value}"));
        if let Frame::Margin { revenue, target } = self.frame {
            line("revenue", money(revenue));
            line("margin to keep", format!("{} %", 100.0 * target.fraction()));
            line("committed", money(self.committed));
        }
        match &self.ceiling {
            Some(Ok(ceiling)) => line(
                "ceiling",
                format!(
                    "{} ({} less a reserve of half a percent)",
                    money(ceiling.get()),
                    money(ceiling.before_reserve())
                ),
            ),
            Some(Err(infeasible)) => line("ceiling", infeasible.to_string()),
            None => line(
                "ceiling",
                "none: give `margin.target` and `margin.seat_price` in the configuration, or \
                 `margin.own_budget`"
                    .to_owned(),
            ),
        }
        let unpriced = match self.unpriced_calls {
            0 => String::new(),
            n => format!(" at least: the price of {n} calls is not known"),
        };
        line("spent", usd(self.spent_pico) + &unpriced);
        if let Some(left) = self.left_pico() {
            line("left", usd(left));
        }
        match self.forecast {
            Some(forecast) => line(
                "by the month's end",
                format!(
                    "{} ({} to {}, nineteen times of twenty)",
                    usd(forecast.expected as i128),
                    usd(forecast.low as i128),
                    usd(forecast.high as i128)
                ),
            ),
            None => line(
                "by the month's end",
                "can be said once a day with requests is over".to_owned(),
            ),
        }
        match self.state() {
            State::Within | State::Infeasible => {}
            State::AtRisk => lines.push(
                "The month is expected to end above the ceiling: raise it, or call cheaper models."
                    .to_owned(),
            ),
            State::Spent => lines.push("The ceiling is reached.".to_owned()),
        }
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests;
