//! The charts of the HTML page, each drawn once for light and once for dark rooms.

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{BarPlot, LinePlot, ScatterPlot, WaterfallPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::theme::Theme;

use super::frontier::{Frontier, Point};
use crate::domain::MicroUsd;
use crate::ledger::MarginReport;

/// A chart of two drawings, as SVG.
pub(super) struct Chart {
    pub title: &'static str,
    pub light: String,
    pub dark: String,
}

/// The colours stand apart in light and dark, and for those who see red and green alike.
const GAINED: &str = "#2a9d8f";
const LOST: &str = "#e07a5f";
const TOTAL: &str = "#4a7fb5";

/// The size that a chart is drawn at; the page makes it fit.
const WIDTH: u16 = 720;
const HEIGHT: u16 = 300;

fn dollars(amount: MicroUsd) -> f64 {
    amount.get() as f64 / 1e6
}

/// Returns how the revenue becomes the gross profit; `None` without revenue.
pub(super) fn waterfall(report: &MarginReport) -> Option<Chart> {
    let margin = &report.margin;
    let earned = margin.earned.as_ref()?;
    let minus = |amount: MicroUsd| -dollars(amount);
    let plot = || {
        let plot = WaterfallPlot::new()
            .with_color_positive(GAINED)
            .with_color_negative(LOST)
            .with_color_total(TOTAL)
            .with_delta("Revenue", dollars(earned.net()))
            .with_delta("Pools", minus(margin.pool_cost()))
            .with_delta("Other", minus(margin.other_cost()))
            .with_delta("Calls", minus(margin.metered_cost()));
        let plot = match margin.corrections.is_empty() {
            true => plot,
            false => plot.with_delta("Invoices", minus(margin.correction_cost())),
        };
        plot.with_total("Profit").with_connectors()
    };
    Some(drawn("From revenue to gross profit, in dollars", &|| {
        plot().into()
    }))
}

/// Returns bars of one amount per line; `None` where there is nothing to see.
pub(super) fn bars(title: &'static str, lines: &[(String, f64)]) -> Option<Chart> {
    let is_empty = lines.iter().all(|(_, amount)| *amount == 0.0);
    let plot = || {
        let lines = lines.iter().map(|(name, amount)| (name.as_str(), *amount));
        BarPlot::new().with_bars(lines).with_color(TOTAL)
    };
    (!is_empty).then(|| drawn(title, &|| plot().into()))
}

/// Returns where other policies would lie between characters and margin, or cost where there is no
/// revenue; `None` where there is nothing but what was.
pub(super) fn frontier(frontier: &Frontier) -> Option<Chart> {
    if frontier.points.len() < 2 {
        return None;
    }
    let has_margin = frontier
        .points
        .iter()
        .all(|point| point.gross_margin.is_some());
    let height = |point: &Point| match point.gross_margin {
        Some(margin) if has_margin => margin.map(|share| share * 100.0),
        _ => point.cost_usd,
    };
    let place = |point: &Point| (point.characters[0], height(point)[0]);
    let marks = |is_wanted: fn(&Point) -> bool, colour: &str, shape: MarkerShape| {
        let points: Vec<&Point> = frontier
            .points
            .iter()
            .filter(|point| is_wanted(point))
            .collect();
        let arms = |of: &dyn Fn(&Point) -> [f64; 3]| -> Vec<(f64, f64)> {
            let arm = |point: &&Point| {
                let [value, low, high] = of(point);
                (value - low, high - value)
            };
            points.iter().map(arm).collect()
        };
        let names = points.iter().map(|point| short(point));
        ScatterPlot::new()
            .with_data(points.iter().map(|point| place(point)))
            .with_x_err_asymmetric(arms(&|point| point.characters))
            .with_y_err_asymmetric(arms(&height))
            .with_labels(names)
            .with_repel_labels()
            .with_marker(shape)
            .with_color(colour)
            .with_size(5.0)
    };
    let best = || {
        let best = frontier.points.iter().filter(|point| point.is_on_frontier);
        LinePlot::new()
            .with_data(best.map(place))
            .with_color(TOTAL)
            .with_dashed()
    };
    let plots = || -> Vec<Plot> {
        vec![
            best().into(),
            marks(|point| point.policy.is_some(), TOTAL, MarkerShape::Circle).into(),
            marks(|point| point.policy.is_none(), LOST, MarkerShape::Diamond).into(),
        ]
    };
    let across = format!("{} per 1,000 decision points", frontier.what());
    let (title, up) = match has_margin {
        true => (
            "Frontier: estimated, not what happened; numbers are the most dollars for 1,000 expected characters",
            "gross margin, %",
        ),
        false => (
            "Frontier: estimated, not what happened; numbers are the most dollars for 1,000 expected characters; lower is cheaper",
            "calls per 1,000 points, $",
        ),
    };
    Some(drawn_with(title, &plots, Some((&across, up))))
}

/// Returns what stands at a point: a price, a model; nothing where another one beats it, for there is
/// little room.
fn short(point: &Point) -> &str {
    match point.policy.as_deref() {
        None => "as it was",
        Some(_) if !point.is_on_frontier => "",
        Some(policy) => policy.split_once('=').map_or(policy, |(_, of)| of),
    }
}

fn drawn(title: &'static str, plot: &dyn Fn() -> Plot) -> Chart {
    drawn_with(title, &|| vec![plot()], None)
}

fn drawn_with(
    title: &'static str,
    plots: &dyn Fn() -> Vec<Plot>,
    axes: Option<(&str, &str)>,
) -> Chart {
    let draw = |theme: Theme| {
        let plots = plots();
        let mut layout = Layout::auto_from_plots(&plots);
        if let Some((across, up)) = axes {
            layout = layout.with_x_label(across).with_y_label(up);
        }
        let layout = layout
            .with_width(WIDTH.into())
            .with_height(HEIGHT.into())
            .with_font_family("system-ui, sans-serif")
            .with_y_tick_format(TickFormat::Auto)
            .with_theme(Theme {
                background: "none".to_owned(),
                ..theme
            });
        // Without a view box it would be cut off and not made smaller.
        let sized = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" ");
        kuva::render_to_svg(plots, layout).replacen("<svg ", &sized, 1)
    };
    Chart {
        title,
        light: draw(Theme::light()),
        dark: draw(Theme::dark()),
    }
}
