"""The variance of the mean of a two-way table, from the mean squares of an analysis of variance, cell by cell."""


def variance_of_mean(table):
    """Rows and columns drawn at random, one value a cell.

    E[MS rows] = rest + columns * var(row), E[MS columns] = rest + rows * var(column), E[MS rest] = rest.
    """
    rows, columns = len(table), len(table[0])
    total = sum(sum(map(float, row)) for row in table) / (rows * columns)
    of_rows = [sum(map(float, row)) / columns for row in table]
    of_columns = [sum(float(row[place]) for row in table) / rows for place in range(columns)]
    squares_rows = columns * sum((mean - total) ** 2 for mean in of_rows)
    squares_columns = rows * sum((mean - total) ** 2 for mean in of_columns)
    squares_all = sum((float(value) - total) ** 2 for row in table for value in row)
    rest = (squares_all - squares_rows - squares_columns) / ((rows - 1) * (columns - 1))
    row = (squares_rows / (rows - 1) - rest) / columns
    column = (squares_columns / (columns - 1) - rest) / rows
    return row / rows + column / columns + rest / (rows * columns)
