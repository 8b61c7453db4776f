//! What can be reached without looking: mixes of single models; and what an oracle could reach.

/// A way to answer, by what it costs on average and how good it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub cost: f64,
    pub quality: f64,
}

/// Points between which a mix is the best that can be had without looking, from cheap to dear.
#[derive(Clone, Debug)]
pub(super) struct Hull {
    points: Vec<Point>,
}

impl Hull {
    /// Returns the upper hull; a point that costs more and is no better than another is not on it.
    pub fn of(points: impl IntoIterator<Item = Point>) -> Self {
        let mut points: Vec<Point> = points.into_iter().collect();
        points.sort_by(|a, b| {
            let by_cost = a.cost.total_cmp(&b.cost);
            by_cost.then(b.quality.total_cmp(&a.quality))
        });
        let mut hull: Vec<Point> = Vec::new();
        for point in points {
            if hull
                .last()
                .is_some_and(|last| point.quality <= last.quality)
            {
                continue;
            }
            while let [.., a, b] = hull.as_slice() {
                // The middle one is below the line from the first to the new one.
                let lift = (b.quality - a.quality) * (point.cost - a.cost);
                if lift > (point.quality - a.quality) * (b.cost - a.cost) {
                    break;
                }
                hull.pop();
            }
            hull.push(point);
        }
        Self { points: hull }
    }

    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Returns the least cost of a mix with this quality, or `None` where no mix reaches it.
    pub fn cost_at(&self, quality: f64) -> Option<f64> {
        let first = self.points.first()?;
        if first.quality >= quality {
            return Some(first.cost);
        }
        self.points.windows(2).find_map(|pair| {
            let (a, b) = (pair[0], pair[1]);
            (b.quality >= quality).then(|| {
                a.cost + (b.cost - a.cost) * (quality - a.quality) / (b.quality - a.quality)
            })
        })
    }

    /// Returns the best quality of a mix that costs no more than this; 0 is silence.
    pub fn quality_at(&self, cost: f64) -> f64 {
        let mut before = Point {
            cost: 0.0,
            quality: 0.0,
        };
        for point in &self.points {
            if point.cost > cost {
                let share = (cost - before.cost) / (point.cost - before.cost);
                return before.quality + share.max(0.0) * (point.quality - before.quality);
            }
            before = *point;
        }
        before.quality
    }
}

/// One step of an instance to a dearer and better answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    row: usize,
    cost: f64,
    quality: f64,
}

/// Who would answer what if all scores were known: by instance the cheapest answer, then all steps
/// to better ones, best value first.
#[derive(Clone, Debug)]
pub(super) struct Oracle {
    start: Vec<Point>,
    steps: Vec<Step>,
}

impl Oracle {
    /// Takes what every model costs and is worth on every instance.
    pub fn of(rows: impl Iterator<Item = Vec<Point>>) -> Self {
        let (mut start, mut steps) = (Vec::new(), Vec::new());
        for (row, points) in rows.enumerate() {
            let hull = Hull::of(points);
            let first = hull.points().first().copied();
            start.push(first.unwrap_or(Point {
                cost: 0.0,
                quality: 0.0,
            }));
            steps.extend(hull.points().windows(2).map(|pair| Step {
                row,
                cost: pair[1].cost - pair[0].cost,
                quality: pair[1].quality - pair[0].quality,
            }));
        }
        // Steps of one instance are already in this order, since they are a hull's.
        steps.sort_by(|a, b| (b.quality * a.cost).total_cmp(&(a.quality * b.cost)));
        Self { start, steps }
    }

    /// Returns the least total cost of this total quality, when instances count by `weights`.
    pub fn cost_at(&self, quality: f64, weights: &[f64]) -> f64 {
        let start = self.start.iter().zip(weights);
        let (mut cost, mut reached) = start.fold((0.0, 0.0), |(cost, quality), (point, weight)| {
            (cost + weight * point.cost, quality + weight * point.quality)
        });
        for step in &self.steps {
            if reached >= quality {
                break;
            }
            let weight = weights[step.row];
            let gain = weight * step.quality;
            // The last step is taken in part: a mix is as good as an instance that is cut.
            let part = if gain > 0.0 {
                ((quality - reached) / gain).min(1.0)
            } else {
                0.0
            };
            cost += part * weight * step.cost;
            reached += part * gain;
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(cost: f64, quality: f64) -> Point {
        Point { cost, quality }
    }

    #[test]
    fn a_mix_is_on_the_line_between_two_models() {
        let hull = Hull::of([
            point(10.0, 0.9),
            point(1.0, 0.5),
            point(5.0, 0.6),
            point(12.0, 0.8),
        ]);
        assert_eq!(hull.points(), [point(1.0, 0.5), point(10.0, 0.9)]);
        // Half of the way from 0.5 to 0.9 costs half of the way from 1 to 10.
        assert!(
            hull.cost_at(0.7)
                .is_some_and(|cost| (cost - 5.5).abs() < 1e-12)
        );
        assert!((hull.quality_at(5.5) - 0.7).abs() < 1e-12);
        assert_eq!(hull.cost_at(0.3), Some(1.0));
        assert_eq!(hull.cost_at(0.95), None);
        // Half of the cheap model's cost answers half of the instances.
        assert_eq!(hull.quality_at(0.5), 0.25);
        assert_eq!(hull.quality_at(99.0), 0.9);
    }

    #[test]
    fn the_oracle_pays_only_where_it_helps() {
        let cheap_is_right = vec![point(1.0, 1.0), point(10.0, 1.0)];
        let dear_is_right = vec![point(1.0, 0.0), point(10.0, 1.0)];
        let oracle = Oracle::of([cheap_is_right, dear_is_right].into_iter());
        assert_eq!(oracle.cost_at(1.0, &[1.0, 1.0]), 2.0);
        assert_eq!(oracle.cost_at(2.0, &[1.0, 1.0]), 11.0);
        assert_eq!(oracle.cost_at(1.5, &[1.0, 1.0]), 6.5);
        assert_eq!(oracle.cost_at(2.0, &[2.0, 0.0]), 2.0);
    }
}
