//! Geometries of many rows as one: the box around them, their hull, their union.
//!
//! In:    points, or geometries as well-known text.
//! Out:   one geometry as well-known text; NULL where there is none.
//! Never: fails on a value: a geometry that does not read is not counted.

use std::sync::Arc;

use clear_soql::functions::{self, FunctionId};
use clear_soql::{Shape, SoqlType, types};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, Signature, Volatility};

use super::shapes::{self, Bounds, Position};
use super::values::{Column, layout};

/// How many points a hull gathers before it forgets those inside.
const GATHERED_MAX: usize = 65_536;

/// One of `extent`, `convex_hull`, `spatial_union`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Gather {
    id: FunctionId,
    takes: SoqlType,
    signature: Signature,
}

/// The aggregate of that id over geometries of that type.
pub(super) fn udaf(id: FunctionId, takes: SoqlType) -> AggregateUDF {
    AggregateUDF::new_from_impl(Gather { id, takes, signature: Signature::any(1, Volatility::Immutable) })
}

impl AggregateUDFImpl for Gather {
    fn name(&self) -> &str {
        functions::of(self.id).name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Gathered {
            id: self.id,
            takes: self.takes,
            bounds: Bounds::NOTHING,
            points: Vec::new(),
            shapes: Vec::new(),
            size: 0,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[shape]", args.name), DataType::Utf8View, true))])
    }
}

#[derive(Debug)]
struct Gathered {
    id: FunctionId,
    takes: SoqlType,
    bounds: Bounds,
    points: Vec<Position>,
    shapes: Vec<Arc<Shape>>,
    size: usize,
}

impl Gathered {
    fn take(&mut self, shape: Shape) {
        match self.id {
            FunctionId::Extent => self.bounds = shapes::positions(&shape).fold(self.bounds, Bounds::with),
            FunctionId::ConvexHull => {
                self.points.extend(shapes::positions(&shape));
                if self.points.len() > GATHERED_MAX {
                    self.points = shapes::hull(std::mem::take(&mut self.points));
                }
            }
            _ if matches!(shape.kind, SoqlType::Point | SoqlType::MultiPoint) => {
                self.points.extend(shapes::positions(&shape));
            }
            _ => {
                self.size += shapes::positions(&shape).count() * size_of::<Position>();
                self.shapes.push(Arc::new(shape));
            }
        }
    }

    fn together(&self) -> Option<Shape> {
        match self.id {
            FunctionId::Extent => self.bounds.shape(),
            FunctionId::ConvexHull => shapes::hull_shape(self.points.clone()),
            _ if !self.points.is_empty() => {
                let parts = self.points.iter().map(|point| vec![vec![*point]]).collect();
                shapes::union(&[Arc::new(Shape { kind: SoqlType::MultiPoint, parts })])
            }
            _ => shapes::union(&self.shapes),
        }
    }
}

impl Accumulator for Gathered {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        let column = Column::of(&ColumnarValue::Array(Arc::clone(values)), &layout(self.takes))?;
        for row in 0..values.len() {
            let shape = if self.takes == SoqlType::Point {
                column.point(row).filter(|position| shapes::is_sane(*position)).map(shapes::point)
            } else {
                column.text(row).and_then(types::shape)
            };
            if let Some(shape) = shape {
                self.take(shape);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8View(self.together().map(|shape| shape.to_string())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.points.capacity() * size_of::<Position>() + self.size
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        // A hull's or box's corners stand for all that was gathered; what has no hull yet goes on as points.
        let shape = match self.id {
            FunctionId::ConvexHull if !self.points.is_empty() => {
                let parts = shapes::hull(self.points.clone()).into_iter().map(|point| vec![vec![point]]).collect();
                Some(Shape { kind: SoqlType::MultiPoint, parts })
            }
            _ => self.together(),
        };
        Ok(vec![ScalarValue::Utf8View(shape.map(|shape| shape.to_string()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        let states: &StringViewArray = states.as_string_view();
        for shape in states.iter().flatten().filter_map(types::shape) {
            self.take(shape);
        }
        Ok(())
    }
}
