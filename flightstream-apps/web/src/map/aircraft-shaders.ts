import { NORMAL_SCALE, SELECTED_SCALE } from "./aircraft-buffer.js";
import { SHAPE_RANGE_TEXELS, SHAPE_TEXELS } from "./aircraft-shapes.js";

// Positions are 32-bit fixed point over the whole world. Subtracting the map's centre as integers is
// exact, so aircraft do not jitter when zoomed in, and it wraps to the nearest copy of the world.
export const VERTEX_SHADER = `#version 300 es
precision highp float;
precision highp int;

layout(location = 0) in vec2 a_corner;
layout(location = 1) in ivec2 a_position;
layout(location = 2) in vec2 a_velocity;
layout(location = 3) in float a_event_time;
layout(location = 4) in vec2 a_track_and_scale;
layout(location = 5) in vec4 a_colour;
layout(location = 6) in uint a_shape;

uniform mat4 u_matrix;
uniform ivec2 u_centre;
uniform vec2 u_viewport_px;
uniform float u_world_offset;
uniform float u_now;
uniform float u_max_age;
uniform float u_size_px;

out vec2 v_corner;
out vec4 v_colour;
out float v_size_px;
flat out float v_selected;
flat out float v_shape;

const float WORLD = 4294967296.0;
const float SELECTED_LEAST_PX = 30.0;
const float STALE_FROM = 120.0;
const float STALE_TO = 300.0;
const float STALE_ALPHA = 0.4;
const float TWO_PI = 6.28318530718;

void main() {
  float age = clamp(u_now - a_event_time, 0.0, u_max_age);
  vec2 relative = vec2(a_position - u_centre) / WORLD + a_velocity * age;
  relative.x += u_world_offset;

  v_selected = step(${((NORMAL_SCALE + SELECTED_SCALE) / 2).toFixed(2)}, a_track_and_scale.y);
  float size = max(u_size_px * a_track_and_scale.y * 2.0, SELECTED_LEAST_PX * v_selected);
  float track = a_track_and_scale.x * TWO_PI;
  mat2 turn = mat2(cos(track), sin(track), -sin(track), cos(track));
  vec2 offset_px = turn * a_corner * size * 0.5;

  gl_Position = u_matrix * vec4(relative, 0.0, 1.0);
  gl_Position.xy += vec2(offset_px.x, -offset_px.y) * 2.0 / u_viewport_px * gl_Position.w;

  v_corner = a_corner;
  v_shape = float(a_shape);
  v_colour = a_colour;
  v_colour.a *= mix(1.0, STALE_ALPHA, smoothstep(STALE_FROM, STALE_TO, u_now - a_event_time));
  v_size_px = size;
}
`;

export const FRAGMENT_SHADER = `#version 300 es
precision highp float;
precision highp sampler2DArray;

in vec2 v_corner;
in vec4 v_colour;
in float v_size_px;
flat in float v_selected;
flat in float v_shape;

uniform sampler2DArray u_shapes;
uniform float u_plane_share;
uniform vec4 u_halo;
uniform float u_halo_px;
uniform vec3 u_ring;

out vec4 fragment;

void main() {
  float level = texture(u_shapes, vec3(v_corner * 0.5 + 0.5, v_shape)).r;
  float plane_px = (level - 0.5) * ${(2 * SHAPE_RANGE_TEXELS).toFixed(1)} * v_size_px / ${SHAPE_TEXELS.toFixed(1)};
  float dot_px = (0.62 - length(v_corner)) * v_size_px * 0.5;
  float inside_px = mix(dot_px, plane_px, max(u_plane_share, v_selected));

  float body = clamp(inside_px + 0.5, 0.0, 1.0);
  float halo = clamp(inside_px + u_halo_px + 0.5, 0.0, 1.0);
  vec3 colour = mix(u_halo.rgb, v_colour.rgb, body);
  float alpha = v_colour.a * mix(halo * u_halo.a, 1.0, body);

  float ring_px = 1.5 - abs(length(v_corner) - 0.9) * v_size_px * 0.5;
  float ring = v_selected * clamp(ring_px + 0.5, 0.0, 1.0) * (1.0 - body);
  colour = mix(colour, u_ring, ring);
  alpha = max(alpha, ring);
  if (alpha < 0.004) discard;
  fragment = vec4(colour * alpha, alpha);
}
`;
