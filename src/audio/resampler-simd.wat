;; The arithmetic of the resampler, sixteen outputs at a time. `npm run build:wasm` writes resampler-simd-bytes.ts of it.
;;
;; Outputs of one phase lie `down` input samples apart, so that the samples are first dealt out to `down` planes of 32-bit
;; floats: sample n to plane n mod down. Of each plane an output then needs the sample next to its neighbour's, and four
;; lanes are four outputs of the same phase. A coefficient is loaded once for sixteen outputs, no lanes are ever added up,
;; and each output is the same sum in the same order wherever it stands.
;;
;; A plan, in 32-bit words: up, down, bytes of a plane, samples of a plane beyond the outputs', address of the planes.
;; Then for each phase: number of folded terms, number of single terms, folded terms (coefficient, and where from the
;; beginning of the planes its two samples lie, bytes), single terms (coefficient, where its sample lies).
(module
  (memory (export "memory") 1 1)

  ;; from: address of the first 16-bit sample that the first output needs
  ;; groups: sixteen outputs of each phase, at least 1
  ;; out: where 16-bit outputs are written, phases in turn
  (func (export "filter") (param $plan i32) (param $from i32) (param $groups i32) (param $out i32)
    (local $down i32) (local $stepIn i32) (local $stepOut i32) (local $planes i32) (local $plane i32) (local $count i32)
    (local $up i32) (local $i i32) (local $at i32) (local $to i32) (local $terms i32) (local $x i32) (local $y i32)
    (local $z i32) (local $end i32) (local $group i32) (local $o i32) (local $tap v128) (local $v v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)

    (local.set $up (i32.load (local.get $plan)))
    (local.set $down (i32.load offset=4 (local.get $plan)))
    (local.set $planes (i32.load offset=16 (local.get $plan)))
    (local.set $stepIn (i32.shl (local.get $down) (i32.const 1)))
    (local.set $stepOut (i32.shl (local.get $up) (i32.const 1)))
    (local.set $count (i32.add (i32.shl (local.get $groups) (i32.const 4)) (i32.load offset=12 (local.get $plan))))

    ;; Deal out the samples: each into the upper half of a lane, from where an arithmetic shift brings its sign along.
    (local.set $plane (local.get $planes))
    (local.set $i (local.get $down))
    (loop $deal
      (local.set $at (local.get $from))
      (local.set $to (local.get $plane))
      (local.set $end (i32.add (local.get $to) (i32.shl (local.get $count) (i32.const 2))))
      (loop $four
        (local.set $x (i32.add (local.get $at) (local.get $stepIn)))
        (local.set $y (i32.add (local.get $x) (local.get $stepIn)))
        (local.set $z (i32.add (local.get $y) (local.get $stepIn)))
        (v128.store (local.get $to)
          (f32x4.convert_i32x4_s
            (i32x4.shr_s
              (v128.load16_lane 7 (local.get $z)
                (v128.load16_lane 5 (local.get $y)
                  (v128.load16_lane 3 (local.get $x)
                    (v128.load16_lane 1 (local.get $at) (v128.const i32x4 0 0 0 0)))))
              (i32.const 16))))
        (local.set $at (i32.add (local.get $z) (local.get $stepIn)))
        (br_if $four (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const 16))) (local.get $end))))
      (local.set $plane (i32.add (local.get $plane) (i32.load offset=8 (local.get $plan))))
      (local.set $from (i32.add (local.get $from) (i32.const 2)))
      (br_if $deal (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))

    (local.set $plan (i32.add (local.get $plan) (i32.const 20)))
    (loop $phase
      (local.set $group (local.get $groups))
      (local.set $plane (local.get $planes))
      (local.set $o (local.get $out))
      (loop $sixteen
        (local.set $a (v128.const i32x4 0 0 0 0))
        (local.set $b (v128.const i32x4 0 0 0 0))
        (local.set $c (v128.const i32x4 0 0 0 0))
        (local.set $d (v128.const i32x4 0 0 0 0))
        (local.set $terms (i32.add (local.get $plan) (i32.const 8)))

        (local.set $end (i32.add (local.get $terms) (i32.mul (i32.load (local.get $plan)) (i32.const 12))))
        (if (i32.lt_u (local.get $terms) (local.get $end)) (then
          (loop $folded
            (local.set $tap (v128.load32_splat (local.get $terms)))
            (local.set $x (i32.add (local.get $plane) (i32.load offset=4 (local.get $terms))))
            (local.set $y (i32.add (local.get $plane) (i32.load offset=8 (local.get $terms))))
            (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $tap)
              (f32x4.add (v128.load (local.get $x)) (v128.load (local.get $y))))))
            (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $tap)
              (f32x4.add (v128.load offset=16 (local.get $x)) (v128.load offset=16 (local.get $y))))))
            (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $tap)
              (f32x4.add (v128.load offset=32 (local.get $x)) (v128.load offset=32 (local.get $y))))))
            (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $tap)
              (f32x4.add (v128.load offset=48 (local.get $x)) (v128.load offset=48 (local.get $y))))))
            (br_if $folded (i32.lt_u
              (local.tee $terms (i32.add (local.get $terms) (i32.const 12))) (local.get $end))))))

        (local.set $end (i32.add (local.get $terms) (i32.shl (i32.load offset=4 (local.get $plan)) (i32.const 3))))
        (if (i32.lt_u (local.get $terms) (local.get $end)) (then
          (loop $single
            (local.set $tap (v128.load32_splat (local.get $terms)))
            (local.set $x (i32.add (local.get $plane) (i32.load offset=4 (local.get $terms))))
            (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $tap) (v128.load (local.get $x)))))
            (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $tap) (v128.load offset=16 (local.get $x)))))
            (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $tap) (v128.load offset=32 (local.get $x)))))
            (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $tap) (v128.load offset=48 (local.get $x)))))
            (br_if $single (i32.lt_u
              (local.tee $terms (i32.add (local.get $terms) (i32.const 8))) (local.get $end))))))

        (local.set $o (call $store (local.get $a) (local.get $o) (local.get $stepOut)))
        (local.set $o (call $store (local.get $b) (local.get $o) (local.get $stepOut)))
        (local.set $o (call $store (local.get $c) (local.get $o) (local.get $stepOut)))
        (local.set $o (call $store (local.get $d) (local.get $o) (local.get $stepOut)))
        (local.set $plane (i32.add (local.get $plane) (i32.const 64)))
        (br_if $sixteen (local.tee $group (i32.sub (local.get $group) (i32.const 1)))))

      (local.set $plan (local.get $terms))
      (local.set $out (i32.add (local.get $out) (i32.const 2)))
      (br_if $phase (local.tee $up (i32.sub (local.get $up) (i32.const 1))))))

  ;; Four outputs, limited to 16 bits and rounded: 1.5 * 2^23 added, a 32-bit float has the whole number in its lower half.
  (func $store (param $v v128) (param $o i32) (param $step i32) (result i32)
    (local.set $v (f32x4.add (f32x4.pmin (f32x4.pmax (local.get $v) (v128.const f32x4 -32768 -32768 -32768 -32768))
        (v128.const f32x4 32767 32767 32767 32767))
      (v128.const f32x4 12582912 12582912 12582912 12582912)))
    (v128.store16_lane 0 (local.get $o) (local.get $v))
    (v128.store16_lane 2 (local.tee $o (i32.add (local.get $o) (local.get $step))) (local.get $v))
    (v128.store16_lane 4 (local.tee $o (i32.add (local.get $o) (local.get $step))) (local.get $v))
    (v128.store16_lane 6 (local.tee $o (i32.add (local.get $o) (local.get $step))) (local.get $v))
    (i32.add (local.get $o) (local.get $step)))
)
