//! Where a page begins.

use sea_query::{Condition, Expr, ExprTrait as _, Value};

/// The rows after a position in the order of these columns: `(a, b, c) > (x, y, z)`, spelled out as
/// `a >= x AND (a > x OR (b >= y AND (b > y OR c > z)))`, since MariaDB uses no index for the short form.
pub fn after(columns: &[&'static str], position: Vec<Value>) -> Condition {
    let mut pairs = columns.iter().copied().zip(position).rev();
    let Some((column, value)) = pairs.next() else { return Condition::all() };
    pairs.fold(Condition::all().add(Expr::col(column).gt(value)), |rest, (column, value)| {
        Condition::all()
            .add(Expr::col(column).gte(value.clone()))
            .add(Condition::any().add(Expr::col(column).gt(value)).add(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_query::{Query, SqliteQueryBuilder};

    #[test]
    fn a_position_is_spelled_out_column_by_column() {
        let query = Query::select().cond_where(after(&["a", "b"], vec![1.into(), 2.into()])).to_owned();
        assert_eq!(query.to_string(SqliteQueryBuilder), r#"SELECT  WHERE "a" >= 1 AND ("a" > 1 OR "b" > 2)"#);
    }
}
