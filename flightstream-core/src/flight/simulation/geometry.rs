use crate::flight::Position;

/// The earth's mean radius in metres.
const RADIUS: f64 = 6_371_008.8;

type Vector = [f64; 3];

/// A great circle from one airport to another.
#[derive(Clone, Debug)]
pub(super) struct GreatCircle {
    start: Vector,
    /// The direction of flight at the start: with `start` it spans the circle's plane.
    tangent: Vector,
    /// Metres.
    pub(super) length: f64,
}

/// A point on a great circle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Degrees.
    pub(super) lat: f64,
    /// Degrees.
    pub(super) lon: f64,
    /// Degrees from true north, from 0 to below 360.
    pub(super) course: f64,
}

impl GreatCircle {
    pub(super) fn between(from: Position, to: Position) -> Self {
        let (start, end) = (vector(from), vector(to));
        let cosine = dot(start, end);
        let beyond: Vector = std::array::from_fn(|axis| {
            let [a, b] = [start, end].map(|point| point.get(axis).copied().unwrap_or_default());
            b - a * cosine
        });
        let size = dot(beyond, beyond).sqrt();
        // The same or opposite points lie on many great circles; any one is as good.
        let tangent = if size < 1e-9 {
            perpendicular(start)
        } else {
            beyond.map(|part| part / size)
        };
        Self {
            start,
            tangent,
            length: size.atan2(cosine) * RADIUS,
        }
    }

    /// The point after that many metres.
    pub(super) fn at(&self, metres: f64) -> Point {
        let (sine, cosine) = (metres / RADIUS).sin_cos();
        let [ax, ay, az] = self.start;
        let [tx, ty, tz] = self.tangent;
        let [x, y, z] = [
            ax * cosine + tx * sine,
            ay * cosine + ty * sine,
            az * cosine + tz * sine,
        ];
        let [vx, vy, vz] = [
            tx * cosine - ax * sine,
            ty * cosine - ay * sine,
            tz * cosine - az * sine,
        ];
        // East is (-y, x, 0), north (-xz, -yz, x² + y²), both longer by the distance from the axis.
        let east = x * vy - y * vx;
        let north = (x * x + y * y) * vz - z * (x * vx + y * vy);
        let course = east.atan2(north).to_degrees();
        Point {
            lat: z.atan2(x.hypot(y)).to_degrees(),
            lon: y.atan2(x).to_degrees(),
            course: if course < 0.0 { course + 360.0 } else { course },
        }
    }
}

/// Metres along the great circle.
pub(super) fn distance(from: Position, to: Position) -> f64 {
    GreatCircle::between(from, to).length
}

fn vector(position: Position) -> Vector {
    let (sin_lat, cos_lat) = position.lat().to_radians().sin_cos();
    let (sin_lon, cos_lon) = position.lon().to_radians().sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

fn dot([ax, ay, az]: Vector, [bx, by, bz]: Vector) -> f64 {
    ax * bx + ay * by + az * bz
}

fn perpendicular([x, y, _]: Vector) -> Vector {
    let size = x.hypot(y);
    if size < 1e-9 {
        [1.0, 0.0, 0.0]
    } else {
        [-y / size, x / size, 0.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distance_and_course() {
        let [warsaw, new_york] = [(52.1657, 20.9671), (40.6397, -73.7789)]
            .map(|(lat, lon)| Position::new(lat, lon).unwrap());
        let circle = GreatCircle::between(warsaw, new_york);
        assert!((circle.length / 1000.0 - 6850.0).abs() < 30.0, "{circle:?}");
        let start = circle.at(0.0);
        assert!((start.lat - warsaw.lat()).abs() < 1e-9);
        assert!((start.course - 305.0).abs() < 5.0, "{start:?}");
        let end = circle.at(circle.length);
        assert!((end.lat - new_york.lat()).abs() < 1e-6);
        assert!((end.lon - new_york.lon()).abs() < 1e-6);
    }

    #[test]
    fn same_and_opposite_points_have_a_circle() {
        let there = Position::new(10.0, 20.0).unwrap();
        let opposite = Position::new(-10.0, -160.0).unwrap();
        assert!(GreatCircle::between(there, there).length < 1.0);
        let half_way_round = GreatCircle::between(there, opposite);
        assert!((half_way_round.at(half_way_round.length).lat + 10.0).abs() < 1e-6);
    }
}
