// Goal: the hand-written envelope of documented answers is what the generated codec would read.
// Method: answers whose lengths sit on the borders of varints are written by hand and decoded.
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { ListResourcesResponse } from '../../../src/gen/apportion/quotas/v1/resources_service.js';
import { IssueCommissionResponse } from '../../../src/gen/apportion/quotas/v1/commissions_service.js';
import { restMessage } from '../../../src/rpc/rest-face.js';

const JSON_TYPE = 'application/json; charset=UTF-8';

function written(contentType: string, ...body: readonly Uint8Array[]): Buffer {
  return restMessage({ metadata: new Metadata(), contentType, body });
}

const PATTERN = Buffer.from(Uint8Array.from({ length: 251 }, (_, index) => (index * 31) & 0xff));
const LONG = Buffer.alloc(2_200_000, PATTERN);

function bytes(length: number): Uint8Array {
  return LONG.subarray(0, length);
}

describe('restMessage', () => {
  it('is what the generated codec writes, byte for byte', () => {
    const data = Buffer.from('{"nimbus.vm": {}}');
    const expected = ListResourcesResponse.encode({
      resources: [],
      nextPageToken: '',
      rest: { contentType: JSON_TYPE, data, extensions: [] },
    }).finish();
    expect(written(JSON_TYPE, data).equals(expected)).to.equal(true);
  });

  it('is readable as the response of any RPC', () => {
    const message = written(JSON_TYPE, Buffer.from('{}'));
    for (const type of [ListResourcesResponse, IssueCommissionResponse]) {
      const { rest } = type.decode(message);
      expect(rest?.contentType).to.equal(JSON_TYPE);
      expect(rest?.data.toString()).to.equal('{}');
    }
  });

  it('puts pieces together in their order', () => {
    const { rest } = ListResourcesResponse.decode(
      written(
        JSON_TYPE,
        Buffer.from('{"a"'),
        Buffer.from(': 1'),
        new Uint8Array(),
        Buffer.from('}'),
      ),
    );
    expect(rest?.data.toString()).to.equal('{"a": 1}');
  });

  it('carries an empty body, and an empty type', () => {
    for (const type of [JSON_TYPE, '']) {
      const { rest } = ListResourcesResponse.decode(written(type));
      expect(rest?.contentType).to.equal(type);
      expect(rest?.data).to.have.length(0);
    }
  });

  it('keeps every byte where lengths get one byte longer', () => {
    // The envelope adds up to 12 bytes: both the body's and the envelope's length cross a border.
    for (const border of [128, 16_384, 2_097_152]) {
      for (let length = border - 14; length <= border + 2; length += 1) {
        const body = bytes(length);
        const { rest } = ListResourcesResponse.decode(written('a/b', body));
        expect(rest?.contentType).to.equal('a/b');
        expect(rest?.data.equals(body), `${length} bytes`).to.equal(true);
      }
    }
  });

  it('keeps types of any length', () => {
    for (const length of [127, 128, 16_383, 16_384]) {
      const type = 'x'.repeat(length);
      expect(ListResourcesResponse.decode(written(type, bytes(3))).rest?.contentType).to.equal(
        type,
      );
    }
  });

  it('carries a body of 64 MiB', () => {
    const piece = Buffer.alloc(16 * 1024 * 1024, 'ab');
    const message = written(JSON_TYPE, piece, piece, piece, piece);
    const { rest } = ListResourcesResponse.decode(message);
    expect(rest?.data).to.have.length(4 * piece.length);
    expect(rest?.data.subarray(-2).toString()).to.equal('ab');
  });
});
