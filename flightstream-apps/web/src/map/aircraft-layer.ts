import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from "maplibre-gl";
import type { Theme } from "../state/theme.js";
import {
  COLOUR_OFFSET,
  type ColourBy,
  EVENT_TIME_OFFSET,
  INSTANCE_BYTES,
  POSITION_OFFSET,
  SHAPE_OFFSET,
  TRACK_AND_SCALE_OFFSET,
  VELOCITY_OFFSET,
  fixedPoint,
  packAircraft,
} from "./aircraft-buffer.js";
import { FRAGMENT_SHADER, VERTEX_SHADER } from "./aircraft-shaders.js";
import { MAX_EXTRAPOLATION_S } from "./dead-reckoning.js";
import type { Fleet } from "./fleet.js";
import { TILE_SIZE_PX, mercatorX, mercatorY } from "./mercator.js";
import { SHAPE_COUNT, SHAPE_TEXELS, shapeDistanceFields } from "./aircraft-shapes.js";

const HALO: Record<Theme, readonly [number, number, number, number]> = {
  dark: [0.02, 0.04, 0.08, 0.85],
  light: [0.12, 0.13, 0.2, 0.75],
};

const RING: Record<Theme, readonly [number, number, number]> = {
  dark: [1, 1, 1],
  light: [0.04, 0.39, 0.77],
};

export interface AircraftView {
  theme: Theme;
  visible: boolean;
  colourBy: ColourBy;
  /** Unix seconds; aircraft heard of last before are not drawn. */
  notBefore: number;
  selectedAddress: number | null;
}

/** Above this many aircraft, dots are made smaller and lose their halo, or far out they merge. */
const CROWDED = 15_000;
const CROWDED_DOT_SHARE = 0.7;

interface Program {
  program: WebGLProgram;
  vertexArray: WebGLVertexArrayObject;
  instances: WebGLBuffer;
  shapes: WebGLTexture;
  uniform(name: string): WebGLUniformLocation | null;
}

/** Dots far out, where planes would cover each other; 1 from where all are planes. */
export function planeShareAt(zoom: number): number {
  return smoothstep(3.4, 4.2, zoom);
}

export function iconSizeAt(zoom: number): number {
  if (zoom < 4.2) return 7 + 14 * planeShareAt(zoom) + Math.max(0, zoom - 1);
  return Math.min(42, 25 + (zoom - 4.2) * 2.8);
}

function smoothstep(from: number, to: number, value: number): number {
  const t = Math.max(0, Math.min(1, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/**
 * Draws the whole fleet in one instanced call and moves it in the vertex shader. A GeoJSON source
 * would have to be cut into tiles again for every step; here the processor is idle between reports.
 */
export class AircraftLayer implements CustomLayerInterface {
  readonly id = "aircraft";
  readonly type = "custom" as const;
  readonly renderingMode = "2d" as const;

  #map: MapLibreMap | null = null;
  #program: Program | null = null;
  #packedFor = "";
  #packedCount = 0;
  #baseTime = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly view: () => AircraftView,
    private readonly dataSeconds: () => number,
  ) {}

  onAdd(map: MapLibreMap, gl: WebGL2RenderingContext): void {
    this.#map = map;
    this.#program = createProgram(gl);
    this.#packedFor = "";
  }

  onRemove(_map: MapLibreMap, gl: WebGL2RenderingContext): void {
    if (this.#program) {
      gl.deleteProgram(this.#program.program);
      gl.deleteVertexArray(this.#program.vertexArray);
      gl.deleteBuffer(this.#program.instances);
      gl.deleteTexture(this.#program.shapes);
    }
    this.#program = null;
  }

  render(gl: WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const map = this.#map;
    const resources = this.#program;
    if (!map || !resources || !this.view().visible) return;
    this.#upload(gl, resources);
    if (this.#packedCount === 0) return;

    const zoom = map.getZoom();
    const centre = map.getCenter();
    const centreX = mercatorX(centre.lng);
    const centreY = mercatorY(centre.lat);
    const canvas = map.getCanvas();
    const widthPx = canvas.clientWidth;
    const theme = this.view().theme;

    const crowding = planeShareAt(zoom) === 0 && this.#packedCount > CROWDED ? CROWDED_DOT_SHARE : 1;

    gl.useProgram(resources.program);
    gl.bindVertexArray(resources.vertexArray);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, resources.shapes);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.disable(gl.CULL_FACE);
    gl.uniform1i(resources.uniform("u_shapes"), 0);
    gl.uniformMatrix4fv(
      resources.uniform("u_matrix"),
      false,
      translated(input.defaultProjectionData.mainMatrix, centreX, centreY),
    );
    gl.uniform2i(resources.uniform("u_centre"), fixedPoint(centreX), fixedPoint(centreY));
    gl.uniform2f(resources.uniform("u_viewport_px"), widthPx, canvas.clientHeight);
    gl.uniform1f(resources.uniform("u_now"), this.dataSeconds() - this.#baseTime);
    gl.uniform1f(resources.uniform("u_max_age"), MAX_EXTRAPOLATION_S);
    gl.uniform1f(resources.uniform("u_size_px"), iconSizeAt(zoom) * crowding);
    gl.uniform1f(resources.uniform("u_plane_share"), planeShareAt(zoom));
    gl.uniform4fv(resources.uniform("u_halo"), HALO[theme]);
    gl.uniform3fv(resources.uniform("u_ring"), RING[theme]);
    gl.uniform1f(resources.uniform("u_halo_px"), crowding < 1 ? 0 : 0.4 + 0.6 * planeShareAt(zoom));

    // Aircraft go to the copy of the world nearest to the centre. Further copies come into view only
    // far out; the centre may be anywhere across the canvas, for the figures cover a part of it.
    const worldPx = TILE_SIZE_PX * 2 ** zoom;
    const copies = Math.ceil(Math.max(0, widthPx / worldPx - 0.5));
    for (let copy = -copies; copy <= copies; copy++) {
      gl.uniform1f(resources.uniform("u_world_offset"), copy);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#packedCount);
    }
    gl.bindVertexArray(null);
  }

  #upload(gl: WebGL2RenderingContext, resources: Program): void {
    const view = this.view();
    const key = [this.fleet.revision, view.theme, view.colourBy, view.notBefore, view.selectedAddress].join();
    if (key === this.#packedFor) return;
    this.#packedFor = key;
    this.#baseTime = Math.floor(this.dataSeconds());
    const packed = packAircraft(this.fleet, { ...view, baseTime: this.#baseTime });
    this.#packedCount = packed.count;
    gl.bindBuffer(gl.ARRAY_BUFFER, resources.instances);
    gl.bufferData(gl.ARRAY_BUFFER, packed.bytes, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, null);
  }
}

/** `matrix` after a translation, computed in double precision before the GPU rounds it. */
function translated(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const result = Float32Array.from(matrix);
  for (let row = 0; row < 4; row++) result[12 + row] = matrix[row]! * x + matrix[4 + row]! * y + matrix[12 + row]!;
  return result;
}

function createProgram(gl: WebGL2RenderingContext): Program {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX_SHADER],
    [gl.FRAGMENT_SHADER, FRAGMENT_SHADER],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("WebGL context is lost");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`Aircraft shader: ${gl.getProgramInfoLog(program)}`);
  }

  const vertexArray = gl.createVertexArray();
  gl.bindVertexArray(vertexArray);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);

  const instances = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, instances);
  gl.vertexAttribIPointer(1, 2, gl.INT, INSTANCE_BYTES, POSITION_OFFSET);
  gl.vertexAttribPointer(2, 2, gl.FLOAT, false, INSTANCE_BYTES, VELOCITY_OFFSET);
  gl.vertexAttribPointer(3, 1, gl.FLOAT, false, INSTANCE_BYTES, EVENT_TIME_OFFSET);
  gl.vertexAttribPointer(4, 2, gl.UNSIGNED_SHORT, true, INSTANCE_BYTES, TRACK_AND_SCALE_OFFSET);
  gl.vertexAttribPointer(5, 4, gl.UNSIGNED_BYTE, true, INSTANCE_BYTES, COLOUR_OFFSET);
  gl.vertexAttribIPointer(6, 1, gl.UNSIGNED_BYTE, INSTANCE_BYTES, SHAPE_OFFSET);
  for (let location = 1; location <= 6; location++) {
    gl.enableVertexAttribArray(location);
    gl.vertexAttribDivisor(location, 1);
  }
  gl.bindVertexArray(null);
  gl.bindBuffer(gl.ARRAY_BUFFER, null);

  const uniforms = new Map<string, WebGLUniformLocation | null>();
  return {
    program,
    vertexArray,
    instances,
    shapes: createShapeTextures(gl),
    uniform(name) {
      if (!uniforms.has(name)) uniforms.set(name, gl.getUniformLocation(program, name));
      return uniforms.get(name) ?? null;
    },
  };
}

function createShapeTextures(gl: WebGL2RenderingContext): WebGLTexture {
  const kind = gl.TEXTURE_2D_ARRAY;
  const textures = gl.createTexture();
  gl.bindTexture(kind, textures);
  // MapLibre leaves its own unpack settings behind, which would flip or premultiply the fields.
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.texImage3D(kind, 0, gl.R8, SHAPE_TEXELS, SHAPE_TEXELS, SHAPE_COUNT, 0, gl.RED, gl.UNSIGNED_BYTE, shapeDistanceFields());
  gl.generateMipmap(kind);
  gl.texParameteri(kind, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
  gl.texParameteri(kind, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  gl.texParameteri(kind, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(kind, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  gl.bindTexture(kind, null);
  return textures;
}
