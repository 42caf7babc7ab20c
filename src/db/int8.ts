import pg from 'pg';

const INT8 = 20;
const INT8_ARRAY = 1016;

/** `pg` narrows the oid to those it knows by name, but serves every one. */
const standardParser = pg.types.getTypeParser as (oid: number, format?: string) => unknown;

/**
 * How columns come out of Postgres: 64-bit integers and arrays of them as bigint, the rest as `pg`
 * reads it. A number would silently round what lies beyond 2^53.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format !== 'binary') {
      if (oid === INT8) return BigInt;
      if (oid === INT8_ARRAY) return bigintsFrom;
    }
    return standardParser(oid, format);
  },
};

/** Returns an array of integers as the text of a Postgres array, ready to be bound. */
export function arrayLiteral(values: readonly (bigint | number)[]): string {
  return `{${values.join(',')}}`;
}

/** Returns texts that `arrayLiteral` made as one array of texts, ready to be bound. */
export function literalsLiteral(literals: readonly string[]): string {
  return literals.length === 0 ? '{}' : `{"${literals.join('","')}"}`;
}

function bigintsFrom(text: string): bigint[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt);
}
