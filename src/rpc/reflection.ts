import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0];

/**
 * Returns the reflection service for the files of a serialized FileDescriptorSet.
 *
 * The files go in as they are. `@grpc/proto-loader`, which the service expects to have read them,
 * merges files of one package and forgets what they import; grpcurl cannot use what comes out. Of
 * a package definition the service looks at nothing but its serialized files.
 */
export function createReflection(descriptors: Uint8Array): ReflectionService {
  const { file: files } = fromBinary(FileDescriptorSetSchema, descriptors);
  const fileDescriptorProtos = files.map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  );
  return new ReflectionService({ all: { fileDescriptorProtos } } as unknown as PackageDefinition);
}
