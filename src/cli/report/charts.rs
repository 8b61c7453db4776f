//! The charts of the HTML page, each drawn once for light and once for dark rooms.

use kuva::plot::{BarPlot, WaterfallPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::theme::Theme;

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
        WaterfallPlot::new()
            .with_color_positive(GAINED)
            .with_color_negative(LOST)
            .with_color_total(TOTAL)
            .with_delta("Revenue", dollars(earned.net()))
            .with_delta("Pools", minus(margin.pool_cost()))
            .with_delta("Other", minus(margin.other_cost()))
            .with_delta("Calls", minus(margin.metered_cost()))
            .with_total("Profit")
            .with_connectors()
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

fn drawn(title: &'static str, plot: &dyn Fn() -> Plot) -> Chart {
    let draw = |theme: Theme| {
        let plots = vec![plot()];
        let layout = Layout::auto_from_plots(&plots)
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
