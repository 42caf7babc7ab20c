// Goal: what a patch makes of an image, and what it refuses (image specification, section 8.5).
// Method: the rule alone.
import { expect } from 'chai';
import type { Image } from '../../../src/images/domain/image.js';
import { patched, type PatchOperation } from '../../../src/images/domain/patch.js';
import { Failure } from '../../../src/kernel/failure.js';

const CREATED = new Date('2031-04-09T16:00:00Z');
const NOW = new Date('2031-04-09T17:00:00Z');
const LIMITS = { members: -1, properties: 2, tags: 2, nameLength: 255 };
const IMAGE: Image = {
  id: '6d1f0f6e-2f7c-4b55-9a43-0d4b5b0b7e11',
  ...{ name: 'a', status: 'queued', visibility: 'shared', owner: 'p', protected: false },
  ...{ osHidden: false, diskFormat: null, containerFormat: null, size: null, virtualSize: null },
  ...{ minDisk: 0, minRam: 0, checksum: null, osHashAlgo: null, osHashValue: null },
  ...{ tags: [], createdAt: CREATED, updatedAt: CREATED, properties: { k: 'v' } },
};

function after(...operations: readonly PatchOperation[]): Image {
  return patched(IMAGE, operations, NOW, LIMITS);
}

function reason(...operations: readonly PatchOperation[]): string {
  try {
    after(...operations);
  } catch (error) {
    if (error instanceof Failure) return error.reason;
    throw error;
  }
  return 'none';
}

describe('a patch (section 8.5)', () => {
  it('without operations changes nothing, not even the time', () => {
    expect(after()).to.equal(IMAGE);
  });

  it('applies its operations in their order', () => {
    const image = after(
      { op: 'replace', name: 'name', value: 'b' },
      { op: 'add', name: 'l', value: '1' },
      { op: 'replace', name: 'l', value: '2' },
      { op: 'remove', name: 'k' },
    );
    expect(image).to.include({ name: 'b', updatedAt: NOW, createdAt: CREATED });
    expect(image.properties).to.deep.equal({ l: '2' });
    expect(IMAGE.properties, 'the image before').to.deep.equal({ k: 'v' });
  });

  it('misses custom properties, and finds them in the way of the older media type', () => {
    expect(reason({ op: 'replace', name: 'l', value: '1' })).to.equal('WRONG_STATE');
    expect(reason({ op: 'remove', name: 'l' })).to.equal('WRONG_STATE');
    for (const name of ['k', 'name']) {
      expect(reason({ op: 'add', name, value: 'w' })).to.equal('none');
      const older = { op: 'add', name, value: 'w', refusesExisting: true } as const;
      expect(reason(older)).to.equal('WRONG_STATE');
    }
  });

  it('touches nothing that only the server sets, and removes nothing that is always there', () => {
    for (const name of ['id', 'status', 'size', 'created_at', 'self', 'deleted', 'os_glance_x'])
      expect(reason({ op: 'replace', name, value: null }), name).to.equal('FORBIDDEN');
    expect(reason({ op: 'remove', name: 'visibility' })).to.equal('FORBIDDEN');
  });

  it('counts properties and tags when all is done', () => {
    const add = (name: string) => ({ op: 'add', name, value: '1' }) as const;
    expect(reason(add('l'), add('m'))).to.equal('LIMIT_REACHED');
    expect(reason(add('l'), add('m'), { op: 'remove', name: 'k' })).to.equal('none');
    const tags = { op: 'replace', name: 'tags', value: ['a', 'b', 'c'] } as const;
    expect(reason(tags)).to.equal('LIMIT_REACHED');
  });

  it('knows properties by names that objects have anyway', () => {
    for (const name of ['__proto__', 'constructor']) {
      expect(reason({ op: 'remove', name }), name).to.equal('WRONG_STATE');
      const { properties } = after({ op: 'add', name, value: '1' });
      expect(Object.entries(properties)).to.deep.include([name, '1']);
    }
  });
});
